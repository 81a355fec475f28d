"""The one thing that setup.cfg cannot say: an engine compiled at install, left out where there is no compiler."""

from pathlib import Path

from setuptools import Extension, setup

NATIVE = "fdemd/emd/engines/native"

setup(
    ext_modules=[
        Extension(
            "fdemd.emd.engines._cpu",
            [f"{NATIVE}/cpu.cpp"],
            depends=sorted(map(str, Path(NATIVE).glob("*.h"))),
            extra_compile_args=["-std=c++17", "-O3", "-pthread", "-Wno-psabi"],
            extra_link_args=["-pthread"],
            language="c++",
            optional=True,
        )
    ]
)
