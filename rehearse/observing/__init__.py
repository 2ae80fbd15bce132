"""What production's migration really took: by its log, or by watching what its migration tool records."""

from rehearse.observing.heads import Watcher
from rehearse.observing.logs import read
from rehearse.observing.matching import by_log

__all__ = ["Watcher", "by_log", "read"]
