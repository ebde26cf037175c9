/** The ffmpeg that measurements make and read videos with: the one that srvid itself takes. */
export const FFMPEG = process.env.FFMPEG_PATH || 'ffmpeg';

/** Its ffprobe. */
export const FFPROBE = process.env.FFPROBE_PATH || 'ffprobe';
