import { Unsupported } from './unsupported.js';

/** The kernels' reach: a 5x5 kernel's two rows and columns. */
export const REACH = 2;

/**
 * One channel of a picture: the pixel at (x, y) is that of a value's channel at (x + dx, y + dy), and 0 where the value
 * has none.
 */
export interface Channel {
  /** The number of the value, as in a plan: 0 is the folded input, k the result of the kth convolution. */
  readonly value: number;
  readonly channel: number;
  readonly dx: number;
  readonly dy: number;
}

/** A tensor of bytes as a rearrangement of values' channels. Its sides are the values' own plus `wider` and `higher`. */
export interface Picture {
  readonly channels: readonly Channel[];
  readonly wider: number;
  readonly higher: number;
}

/** All channels of a value. */
export function wholeValue(value: number, count: number): Picture {
  return { channels: Array.from({ length: count }, (_, channel) => ({ value, channel, dx: 0, dy: 0 })), wider: 0, higher: 0 };
}

/** True for a picture that has the sides of its values, unmoved. */
export function isUnmoved({ channels, wider, higher }: Picture): boolean {
  return wider === 0 && higher === 0 && channels.every(({ dx, dy }) => dx === 0 && dy === 0);
}

/** The channels with these numbers. */
export function pickChannels(picture: Picture, numbers: readonly number[]): Picture {
  const channels = numbers.map((number) => {
    const channel = picture.channels[number < 0 ? number + picture.channels.length : number];
    if (!channel) throw new Unsupported('it picks a channel that does not exist');
    return channel;
  });
  return { ...picture, channels };
}

/** The channels of all pictures, one picture after the other. */
export function joinPictures(pictures: readonly Picture[]): Picture {
  const [first] = pictures;
  if (!first || pictures.some(({ wider, higher }) => wider !== first.wider || higher !== first.higher)) {
    throw new Unsupported('it joins pictures of different sizes');
  }
  return { ...first, channels: pictures.flatMap(({ channels }) => channels) };
}

/** Rows and columns that are added to the sides of a picture. */
export interface Margins {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * The picture with zeros around it, or without outer rows and columns where a margin is negative. Zeros may only be
 * added where the picture covers its values, which are 0 outside: beside a cut edge there are other pixels.
 */
export function withMargins(picture: Picture, { top, left, bottom, right }: Margins): Picture {
  const { channels, wider, higher } = picture;
  const isCut = channels.some(({ dx, dy }) => (top > 0 && dy > 0) || (left > 0 && dx > 0) || (bottom > 0 && dy + higher < 0) || (right > 0 && dx + wider < 0));
  if (isCut) throw new Unsupported('it puts zeros beside a cut edge');
  const grown = { wider: wider + left + right, higher: higher + top + bottom };
  return { ...grown, channels: channels.map((channel) => ({ ...channel, dx: channel.dx - left, dy: channel.dy - top })) };
}
