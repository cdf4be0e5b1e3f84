"""About: what the page claims, with a picture of it, where it comes from, and what the demo family is."""

import gradio as gr

from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.store import assets_home
from lrt_explorer.ui.about_picture import about_picture
from lrt_explorer.ui.tour import START
from lrt_explorer.workbench.two_clouds import opening_clouds

SOURCES = (
    ("2506.00653", "Linear Representation Transferability Hypothesis", "the hypothesis that is shown here"),
    ("2506.06609", "Transferring Linear Features Across Language Models With Model Stitching", "maps between models"),
    ("2503.04429", "Activation Space Interventions Can Be Transferred Between Large Language Models", "the same aim"),
    ("2308.10248", "Activation Addition", "steering by adding a vector"),
    ("2312.06681", "Steering Llama 2 via Contrastive Activation Addition", "vectors from contrast pairs"),
    (
        "2407.12404",
        "Analysing the Generalisation and Reliability of Steering Vectors",
        "why evidence needs many prompts",
    ),
)
"""arXiv number, title, and what the page owes to it; docs/method.md names all sources."""
_ABOUT = HtmlTemplate("""
    <div class="about">
    <p>{{ tour }} five steps through the Steer tab</p>
    <p>A language model holds what it reads as vectors. A <em>steering vector</em> is a direction among them, found from
    pairs of texts with and without a behaviour; added while a model writes, it brings the behaviour about.
    The <em>linear representation transferability hypothesis</em> says that models of different sizes hold the same
    concepts in linearly related ways. If so, an affine map, fitted on ordinary text alone, takes a small model’s states
    to a large one’s, and a vector found cheaply in the small model steers the large one.</p>
    {{ picture }}
    <p>The four texts test this on one prompt: the large model as it is, with its own vector, with the small model’s
    vector sent through the map, and with a random one of the same length. One prompt proves nothing. The Evidence tab
    measures many held-out prompts, with controls and intervals; the verdict beside each concept is its result, and some
    concepts do not transfer.</p>
    <p>The models you see first, <em>tinyworld</em>, are small transformers trained on a synthetic world of short
    sentences in English and Spanish. Their texts are not useful in themselves. They are here because they run anywhere
    at once, and because in their world a judge can tell exactly what a text shows. What holds for them need not hold
    for others: open a pair of real models under Models, and measure.</p>
    <p>What each number means, with its formula: <a href="terms" target="_blank" rel="noopener">terms</a>. For programs
    and agents: <a href="llms.txt" target="_blank" rel="noopener">llms.txt</a>.</p>
    <ul>
    {% for number, title, why in sources %}
    <li><a href="https://arxiv.org/abs/{{ number }}" target="_blank"
    rel="noopener">{{ title }}</a> (arXiv {{ number }}): {{ why }}</li>
    {% endfor %}
    </ul>
    </div>
""")


def add_about() -> gr.Accordion:
    """Lay it out, closed."""
    about, clouds = gr.Accordion("About", open=False, elem_id="about"), opening_clouds()
    picture = "" if clouds is None else about_picture(clouds)
    script = None if clouds is None else (assets_home() / "about.js").read_text(encoding="utf-8")
    with about:
        gr.HTML(_ABOUT(sources=SOURCES, tour=START, picture=picture), apply_default_css=False, js_on_load=script)
    return about
