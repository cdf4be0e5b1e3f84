"""What a person at work needs, whatever face they look through: the app, the command line or Python."""
