"""The guard set: general questions over short texts and pictures, all made by this project."""
