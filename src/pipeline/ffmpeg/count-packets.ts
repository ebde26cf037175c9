import type { FfmpegBinary } from './binary.js';
import { fileUrl } from './command.js';
import { runTool } from './tied-process.js';

/** The number of coded pictures in a file's first video stream, which is read to its end. NaN where ffprobe cannot tell. */
export async function countPictures({ ffprobe }: FfmpegBinary, path: string): Promise<number> {
  const what = ['-select_streams', 'v:0', '-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
  const { stdout } = await runTool(ffprobe, ['-v', 'error', ...what, '-i', fileUrl(path)], {});
  return Number.parseInt(stdout, 10);
}
