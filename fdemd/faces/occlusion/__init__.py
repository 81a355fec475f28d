"""Synthetic occlusions - face masks and sunglasses - shared by training and evaluation."""

from fdemd.faces.occlusion.mask import FaceMask, MaskStyle, draw_mask
from fdemd.faces.occlusion.sunglasses import Sunglasses, SunglassesStyle, draw_sunglasses

__all__ = ["FaceMask", "MaskStyle", "Sunglasses", "SunglassesStyle", "draw_mask", "draw_sunglasses"]
