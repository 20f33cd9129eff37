"""From an int8 .tflite file to a program for one geometry."""
