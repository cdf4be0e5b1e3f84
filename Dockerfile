# LRT Explorer as a container, by the conventions of Hugging Face Spaces: user 1000, port 7860.
#   docker build -t lrt-explorer . && docker run -p 7860:7860 lrt-explorer
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user \
    PATH=/home/user/.local/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    LRT_EXPLORER_HOSTED=1 \
    HF_HOME=/home/user/.cache/huggingface \
    LRT_EXPLORER_HOME=/home/user/.cache/lrt-explorer
# Made here, not by WORKDIR: some builders would give it to root.
RUN mkdir -p "$HOME/app" "$HF_HOME" "$LRT_EXPLORER_HOME"
WORKDIR $HOME/app

# The requirements first: this layer, the large one, is then built again only when they change.
# The extra address holds the CPU builds of torch; the default one brings gigabytes of CUDA libraries.
COPY --chown=user requirements.txt constraints.txt ./
RUN pip install --user --extra-index-url https://download.pytorch.org/whl/cpu \
    --requirement requirements.txt --constraint constraints.txt

COPY --chown=user . .
RUN pip install --user --no-deps --editable .

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["lrt-explorer", "serve", "--host", "0.0.0.0", "--port", "7860"]
