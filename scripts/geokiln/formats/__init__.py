"""Files of other programs, read and written by the libraries made for them."""
