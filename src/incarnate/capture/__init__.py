"""The capture format, its readers, and made people to test on."""
