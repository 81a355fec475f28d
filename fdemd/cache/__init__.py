"""The cache: aligned faces, features and similarities that runs keep. All of it can be computed again."""
