#pragma once

#include <cstddef>

namespace srvid {

/** The order of a row's bytes between convolutions, which each kernel chooses for itself. */
enum class RowOrder {
  /** All channels of a pixel together (NHWC): a window's row is one run of neighbouring bytes. */
  kPixels,
  /**
   * Planes of quads: plane q has four channels, 4q to 4q + 3, of each pixel. A vector that is loaded from it has the quads of neighbouring
   * pixels. A picture of one or two channels lies in planes of one channel each, in which a quad has a pixel and the three to its right.
   */
  kQuads,
};

/** The way a value's rows lie in memory. */
struct RowLayout {
  int planes = 1;
  /** Channels of a plane, with those that fill it up. */
  int channels = 0;
  /** Bytes of a plane from pixel to pixel. */
  int stride = 0;
  /** True where a plane's quads are four neighbouring pixels of one channel. */
  bool slides = false;

  /** Bytes of a window's row in one plane that a kernel multiplies. */
  int run_bytes(int kernel) const { return slides ? (kernel + 3) / 4 * 4 : kernel * stride; }
  /** Bytes from one quad of them to the next. */
  int step() const { return slides ? 16 : 4; }
  /** Column of the window that byte `byte` of these belongs to. */
  int column_of(int byte) const { return slides ? byte : byte / stride; }
  /** Its channel, of those of all planes. */
  int channel_of(int plane, int byte) const { return plane * channels + (slides ? 0 : byte % stride); }
};

/** Channels rounded up to whole quads. */
inline int whole_quads(int channels) { return (channels + 3) / 4 * 4; }

/** All channels of a pixel together, `stride` bytes from one pixel to the next. */
inline RowLayout pixels_layout(int stride) { return {1, stride, stride, false}; }

/** A plane for each four channels. */
inline RowLayout quads_layout(int channels) { return {whole_quads(channels) / 4, 4, 4, false}; }

/** The picture's own layout in the order of quads. Beyond two channels four neighbouring pixels of each are no fewer quads. */
inline RowLayout picture_quads_layout(int channels) { return channels <= 2 ? RowLayout{channels, 1, 4, true} : quads_layout(channels); }

/** A row of a value, from some pixel on. */
template <class Byte>
struct Row {
  Byte* pixels;
  RowLayout layout;
  /** Bytes from one plane to the next. */
  ptrdiff_t plane;

  /** The first pixel's byte of a channel. */
  Byte* channel(int index) const { return pixels + index / layout.channels * plane + index % layout.channels; }
};

}  // namespace srvid
