"""What is trained: networks, a user's module, regressors; and their errors in physical units."""
