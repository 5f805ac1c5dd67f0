"""Packaging metadata of Sluice.

Dependencies are deliberately not repeated here: `requirements.in` names them and
`requirements.lock` pins every one with its hashes. `scripts/setup.sh` installs the lock first and
this project afterwards, in editable form and without resolving anything.

The one exception are the clients of a served model: they run where the rest is not installed, and
need no more than the extra `client` names.
"""

from setuptools import find_namespace_packages, setup

PACKAGES = (
    "pipeline",
    "components",
    "transform",
    "trainer",
    "serving",
    "serving_config",
    "simulation",
    "benchmarks",
)

CLIENT = ["grpcio", "numpy", "protobuf"]

setup(
    name="sluice",
    version="0.1.0",
    description="A recommender pipeline on TFX: behaviour logs in, gated models out.",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.12",
    packages=find_namespace_packages(
        include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]
    ),
    package_data={
        "pipeline": ["configs/*.yaml", "kubeflow/README.md"],
        "pipeline.closed_loop": ["settings.yaml"],
        "components.report": ["templates/*"],
        "serving.wire": ["*.binpb"],
        "serving_config": ["**/*"],
        "trainer.recommender": ["stock_ops.txt"],
        "benchmarks": ["README.md", "results/*.json", "results/*.svg"],
        "benchmarks.evaluation": ["settings.yaml"],
        "benchmarks.power": ["settings.yaml"],
        "benchmarks.index.peers": ["peers.in", "peers.lock"],
        "benchmarks.ope": ["obp.in", "obp.lock"],
        "benchmarks.quality": ["settings/*.yaml"],
        "benchmarks.quality.peers": ["peers.in", "peers.lock"],
        "benchmarks.ranker": ["settings/*.yaml"],
        "benchmarks.ranker.peers": ["peers.in", "peers.lock"],
        "benchmarks.refresh": ["settings.yaml"],
        "benchmarks.training": ["settings.yaml"],
        "benchmarks.warm_start": ["settings.yaml"],
        "benchmarks.data": ["settings.yaml", "spark.in", "spark.lock"],
    },
    include_package_data=False,
    entry_points={"console_scripts": ["sluice = pipeline.cli:main"]},
    extras_require={
        "client": CLIENT,
        "client-redis": [*CLIENT, "redis"],
    },
    zip_safe=False,
)
