"""The rating Siamese: encoders of what items are and of what users like, in one space, and a rating between them."""
