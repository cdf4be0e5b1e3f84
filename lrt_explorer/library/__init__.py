"""What `import lrt_explorer` offers: plain functions with plain results; `steps` has them step by step."""
