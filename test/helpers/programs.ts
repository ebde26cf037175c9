/** The ffmpeg that tests make and measure videos with: the one that srvid under test uses. */
export const FFMPEG = process.env['FFMPEG_PATH'] || 'ffmpeg';

/** Its ffprobe. Builds that come without one are tried with another version's. */
export const FFPROBE = process.env['FFPROBE_PATH'] || 'ffprobe';
