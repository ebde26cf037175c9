"""The form in which networks that restore see 4:2:0 video: all planes at half its size, side by side."""

PLANES = 6
"""Channels of a 4:2:0 picture at half its size: the four luma pixels of a 2x2 block, row by row, then U and V."""
