"""Settings of serving that make no sense are refused with the rule and the value."""

import pytest

from pipeline.loading import load_settings
from pipeline.refusals import SettingsError


@pytest.mark.parametrize(
    ("serving", "words"),
    [
        ("{image: tensorflow/serving}", "`serving.image` must match the pattern"),
        ('{image: "a/b@sha256:0abc"}', "`serving.image` must match the pattern"),
        (f'{{image: "a/b@sha256:{"A" * 64}"}}', "`serving.image` must match the pattern"),
        ("{kubernetes: {min_replicas: 3, max_replicas: 2}}", "Received: 3 and 2"),
        ("{kubernetes: {namespace: My_Shop}}", "`serving.kubernetes.namespace` must match"),
        ("{kubernetes: {sub_path: ../shop}}", "`serving.kubernetes.sub_path` must match"),
        ("{kubernetes: {sub_path: /shop}}", "`serving.kubernetes.sub_path` must match"),
        ("{objectives: {availability: 1.0}}", "`serving.objectives.availability`"),
        ("{rollout: slowly}", "`serving.rollout`"),
        ("{replicas: 3}", "Nearest right key: `serving.kubernetes.min_replicas`"),
    ],
)
def test_refused(shop, serving, words):
    shop.config.write_text(shop.config.read_text() + f"serving: {serving}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(shop.config)
    assert words in str(caught.value)


def test_images_may_be_pinned_by_tag_or_by_digest(shop):
    text = shop.config.read_text()
    digest = f"sha256:{'0a' * 32}"
    for image in ("a/b:2", "registry.example:5000/a/b:1", f"a/b@{digest}", f"a/b:2@{digest}"):
        shop.config.write_text(f'{text}serving: {{image: "{image}"}}\n')
        assert load_settings(shop.config).serving.image == image
