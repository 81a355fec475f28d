"""The paper's FaceNet: Inception-ResNet-v1, its layers taken from the package facenet-pytorch."""

from __future__ import annotations

from facenet_pytorch import InceptionResnetV1
from torch import Tensor
from torch.nn import functional as F

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.errors import unknown
from fdemd.features import Features

_STEM = ("conv2d_1a", "conv2d_2a", "conv2d_2b", "maxpool_3a", "conv2d_3b", "conv2d_4a", "conv2d_4b")
_INCEPTION = ("repeat_1", "mixed_6a", "repeat_2", "mixed_7a", "repeat_3", "block8")
_HEAD = ("dropout", "last_linear", "last_bn")
_PREPROCESSINGS = ("standard", "paper")


class FaceNet(ConvNet):
    """FaceNet: 512-d embedding of unit length of faces of 160x160 pixels.

    Patches are ``3x3x1792``, the output of ``block8``, signed.
    """

    def __init__(self, checkpoint: str | None = None, preprocessing: str = "standard") -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of a weight file, with or without the classes (``logits``) that it was trained on; None
                takes the file of the model card, ``random`` none.
            preprocessing: ``standard`` feeds the network as it was trained, ``paper`` as the code of DeepFace-EMD
                does: pixels in [0, 1], a range that it was not trained with, and the paper's five-point alignment.

        Raises:
            InputError: There is no such preprocessing, or the weights cannot be used.
        """
        if preprocessing not in _PREPROCESSINGS:
            raise unknown("preprocessing of facenet", preprocessing, _PREPROCESSINGS)
        super().__init__(read_card("facenet_vggface2"))
        if preprocessing == "paper":
            self.set_range(0.0, 255.0)
            self.alignment = "paper_160"
        # The layers become this module's own, so that its keys are those of the published weights.
        for name, layer in InceptionResnetV1().named_children():
            self.add_module(name, layer)
        self.read(checkpoint, unused=("logits.",))

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        last = self._through(_STEM + _INCEPTION, inputs)
        return grid_features(F.normalize(self.embed_map(last)), last)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self._through(_HEAD, patch_map.mean((2, 3)))

    def _through(self, names: tuple[str, ...], x: Tensor) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x
