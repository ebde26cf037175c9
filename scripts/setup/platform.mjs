import { SetupError } from './command.mjs';

const OLDEST_NODE = 20;

/** Systems for which onnxruntime-node carries a library; the Linux ones need glibc. */
const SYSTEMS = ['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64', 'win32/arm64'];

/** @throws SetupError where srvid cannot run, whatever is installed. */
export function checkPlatform(version = process.versions.node, system = `${process.platform}/${process.arch}`) {
  if (Number(version.split('.')[0]) < OLDEST_NODE) {
    throw new SetupError(
      `srvid needs Node ${OLDEST_NODE} or newer, but this is Node ${version} (${process.execPath}). Install a newer one and run this again.`,
    );
  }
  if (!SYSTEMS.includes(system)) throw new SetupError(`srvid runs on ${SYSTEMS.join(', ')}, but this is ${system}: ONNX Runtime has no library for it.`);
}
