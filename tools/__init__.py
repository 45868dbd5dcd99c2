"""What a person runs around the robot: deploy, flash, record, monitor; each is python -m tools.<name>."""
