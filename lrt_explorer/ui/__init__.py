"""The Gradio screens."""
