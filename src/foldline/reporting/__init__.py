"""Pictures, tables and pages that show what a run did: figures in, files out."""
