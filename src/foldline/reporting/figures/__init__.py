"""Pure drawing: figures of matplotlib, tables as CSV."""
