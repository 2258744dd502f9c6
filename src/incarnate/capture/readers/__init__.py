"""Readers of public head data sets: each turns a layout of files into one `HeadSet`."""
