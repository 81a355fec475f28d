"""The cache: what runs keep so that it need not be made again. Nothing in it is lost for good when it is removed."""
