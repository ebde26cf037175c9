#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "requantisation.h"

namespace srvid {

/** A convolution: stride 1, zero padding of kernel / 2 on each side, uint8 in, int8 weights, uint8 out. The zero point is 0 for all but results. */
struct Conv : Requantisation {
  /** Values that are concatenated along the channels: 0 is the network's inputs, folded, k the result of convs[k - 1]. */
  std::vector<int> inputs;
  /** 1, 3 or 5. */
  int kernel = 1;
  /** Output channels. */
  int channels = 0;
  /** [channels][input channels][kernel][kernel]. */
  std::vector<int8_t> weights;
};

/** The planes of a picture, each pixel of a value being `block` x `block` pixels of each plane. */
struct Planes {
  int planes = 1;
  int block = 1;

  int channels() const { return planes * block * block; }
};

/** A chain of convolutions between folds (space to depth) and pixel shuffles (depth to space), or several results of pixels. */
struct Plan {
  /** The pictures that are read: value 0 has the channels of each, folded, one picture after the other. Channel order within one [block y][block x][plane], as ONNX's SpaceToDepth. */
  std::vector<Planes> inputs{{}};
  std::vector<Conv> convs;
  /** For each channel of the last convolution the channel of value 0 that is added to it; empty for no anchor. */
  std::vector<int> anchor;
  /**
   * The pictures that are written, which have the last convolution's channels one after the other, shuffled. Channel order within one
   * [plane][block y][block x], as ONNX's DepthToSpace in mode CRD.
   */
  std::vector<Planes> outputs{{}};
  /**
   * Convolutions at the end whose results are given as they are, [pixels][channels] each, in place of pictures; 0 for pictures. Nothing reads
   * them, each has a zero point of its own, and there are neither anchor nor outputs.
   */
  int pixelResults = 0;
};

/** Bounds of what is accepted. They keep every size in reach of 32-bit indices, and memory within reason. */
struct Limits {
  static constexpr int pictures = 16;
  static constexpr int planes = 16;
  static constexpr int block = 8;
  static constexpr int convs = 1024;
  static constexpr int inputs = 64;
  static constexpr int channels = 4096;
  static constexpr size_t weights = size_t{1} << 26;
  static constexpr int side = 1 << 16;
  static constexpr int threads = 64;
  /** Bytes of the rows that all threads of a network hold. */
  static constexpr size_t workspace = size_t{1} << 30;
};

/** The first value that is a result; all after it are results, too. */
int first_result(const Plan& plan);

/** Channels of pictures, folded, together. */
int channels_of(const std::vector<Planes>& pictures);

/** Channels of a value: of the folded inputs for 0, of convs[value - 1] otherwise. */
int channels_of(const Plan& plan, int value);

/** Channels of all inputs of a convolution together. */
int input_channels_of(const Plan& plan, const Conv& conv);

/**
 * Checks a plan whole: everything behind it relies on what is checked here.
 * Throws std::invalid_argument that says what does not fit. A plan whose integer sums could leave 31 bits is refused, too, since
 * kernels may add in any order, and so is one whose results could leave the range that a conversion to integers holds.
 */
void check(const Plan& plan);

}  // namespace srvid
