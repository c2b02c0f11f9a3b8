"""What a person touches: the web app and the command line. Uses `retrieval.Library`, its types and errors, nothing deeper."""
