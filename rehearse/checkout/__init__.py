"""The checkout a migration comes from: its files, and what git says of it."""

from rehearse.checkout.files import digests_of, link_of, names_in, path_within
from rehearse.checkout.repository import Checkout, checkout, of_commit, root_of

__all__ = ["Checkout", "checkout", "digests_of", "link_of", "names_in", "of_commit", "path_within", "root_of"]
