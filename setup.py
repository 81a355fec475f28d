"""What setup.cfg cannot say: an engine compiled at install, and folders of the checkout that the package ships."""

from pathlib import Path
from shutil import copyfile

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

NATIVE = "fdemd/emd/engines/native"
SHIPPED = ("configs", "checkpoints")


class BuildWithShippedFolders(build_py):
    """Copies the yaml files of ``configs/`` and ``checkpoints/`` to ``fdemd/shipped``, where ``fdemd.files.shipped``
    finds them once there is no checkout around the package."""

    def run(self) -> None:
        """Build as ever, and copy."""
        super().run()
        if not self.editable_mode:
            for source, target in self._copies().items():
                target.parent.mkdir(parents=True, exist_ok=True)
                copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What was built, with the copies."""
        return [*super().get_outputs(include_bytecode), *map(str, self._copies().values())]

    def _copies(self) -> dict[Path, Path]:
        shipped = Path(self.build_lib, "fdemd", "shipped")
        return {file: shipped / file for folder in SHIPPED for file in sorted(Path(folder).rglob("*.yaml"))}


setup(
    cmdclass={"build_py": BuildWithShippedFolders},
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
    ],
)
