"""A file becomes Pages: readers, passages, OCR and layout. Knows nothing of models."""
