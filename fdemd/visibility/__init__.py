"""What of a face can be seen: covers drawn with their truth, an estimator on frozen patches, calibrated trust."""
