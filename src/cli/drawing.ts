import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';
import { decodableVideo, findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { writePng } from '../pipeline/ffmpeg/png.js';
import { OutputFile } from '../pipeline/output/output-file.js';
import { sayWritten } from './written.js';

/** Width of a PNG in pixels. It is twice the SVG's, so that it is sharp on any screen. */
const PNG_WIDTH = 1920;

/** An output file for a drawing: SVG, or PNG made by ffmpeg. */
export class Drawing {
  private constructor(
    private readonly file: OutputFile,
    /** The ffmpeg that renders the PNG. Undefined for SVG. */
    private readonly rasterizer: string | undefined,
  ) {}

  /**
   * Checks the file before the work whose result is drawn.
   * @param option the flag that named the file, such as "--chart"
   * @throws SRVID_OUTPUT_FORMAT, SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE,
   * SRVID_FFMPEG_MISSING
   */
  static async prepare(option: string, path: string, input: string, overwrite: boolean): Promise<Drawing> {
    const extension = extname(path).toLowerCase();
    if (extension !== '.svg' && extension !== '.png') {
      throw new SrvidError('SRVID_OUTPUT_FORMAT', `${option} draws SVG or PNG, but says ${path}. Give a name that ends in .svg or .png.`, { path });
    }
    const file = await OutputFile.prepare(path, input, overwrite);
    if (extension === '.svg') return new Drawing(file, undefined);
    const binary = await findFfmpeg();
    if ((await decodableVideo(binary)).has('svg')) return new Drawing(file, binary.ffmpeg);
    throw new SrvidError(
      'SRVID_OUTPUT_FORMAT',
      `${option} is to draw ${path}, but this ffmpeg was built without librsvg and makes no PNG of it. Give a name that ends in .svg.`,
      {
        path,
        ffmpeg: binary.banner,
      },
    );
  }

  /** Writes the drawing under its final name once it is complete, and says so. @throws SRVID_OUTPUT_UNWRITABLE */
  async write(svg: string): Promise<void> {
    try {
      await this.file.claim();
      await (this.rasterizer === undefined ? this.#writeText(svg) : rasterize(this.rasterizer, svg, this.file));
      await this.file.publish();
      sayWritten(this.file.path);
    } finally {
      await this.file.discard();
    }
  }

  async #writeText(svg: string): Promise<void> {
    await writeFile(this.file.partial, svg).catch((error) => {
      throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write the drawing ${this.file.path}: ${messageOf(error)}.`, { path: this.file.path }, error);
    });
  }
}

function rasterize(ffmpeg: string, svg: string, { path, partial }: OutputFile): Promise<void> {
  const bytes = Buffer.from(svg);
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  // Both sides, since versions of ffmpeg differ in the height that they take for a width alone.
  const size = ['-width', `${PNG_WIDTH}`, '-height', `${Math.round((PNG_WIDTH * Number(height)) / Number(width))}`];
  return writePng(ffmpeg, { bytes, options: ['-f', 'svg_pipe', '-frame_size', `${bytes.length}`, ...size] }, partial, path);
}
