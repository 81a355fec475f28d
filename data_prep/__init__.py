"""From what people download to a manifest of aligned faces: ``python -m data_prep --help``."""
