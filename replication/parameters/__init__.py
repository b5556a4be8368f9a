"""What params.yaml may say, section by section."""
