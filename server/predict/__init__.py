"""The hot calls: from an image file to an answer, by the endpoints or by the express lane."""
