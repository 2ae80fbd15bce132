"""The repository a migration comes from: its files, what git says of them, and the code of other commits."""

from rehearse.checkout.files import digests_of, link_of, names_in, path_within
from rehearse.checkout.repository import Checkout, checkout, of_commit, root_of

__all__ = ["Checkout", "checkout", "digests_of", "link_of", "names_in", "of_commit", "path_within", "root_of"]
