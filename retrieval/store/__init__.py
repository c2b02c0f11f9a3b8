"""Everything that speaks SQL: one file per noun. Functions take an open connection and return plain rows."""
