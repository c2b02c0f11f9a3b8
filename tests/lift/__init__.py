"""What retraining is worth on sets with known answers; see docs/lift.md."""
