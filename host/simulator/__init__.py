"""A robot for those who have none: the device's unchanged program on stand-in hardware, and the way it would drive."""
