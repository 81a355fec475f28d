"""The ground under everything that reads or writes: files that are whole, paths a person gave, names as text."""
