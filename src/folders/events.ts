import type { ErrorRecord } from '../errors.js';
import type { SessionEvent } from '../report/events.js';

/** The end of a file's processing: `open` where the run was interrupted before its end. */
export type FileState = 'done' | 'skipped' | 'failed' | 'open';

/** A file of a folder, and what became of it. */
export interface FileResult {
  /** Its path from the input's folder. */
  readonly name: string;
  /** Absolute paths. */
  readonly input: string;
  readonly output: string;
  readonly state: FileState;
  /** Frames that were written; absent where none were in this run. */
  readonly frames?: number | undefined;
  readonly wallSeconds?: number | undefined;
  /** The reason of a failure. */
  readonly error?: ErrorRecord | undefined;
}

/** Sent once, first. */
export interface FolderEvent {
  readonly v: 1;
  readonly type: 'folder';
  readonly input: string;
  readonly output: string;
  readonly files: number;
}

/** Sent with each progress of the file that is processed: the progress over all. */
export interface FolderProgressEvent {
  readonly v: 1;
  readonly type: 'folder-progress';
  /** The name of the file that is processed, and its place among all, from 1. */
  readonly name: string;
  readonly file: number;
  readonly files: number;
  /** Frames that this run has written. */
  readonly frames: number;
  /** Frames that this run will have written; absent until all files have been looked at, and where one does not say how long it is. */
  readonly total: number | undefined;
  /** Frames a second of this run, between the files included. */
  readonly fps: number;
  readonly etaSeconds: number | undefined;
}

/** Sent when a file has ended. */
export interface FileEvent extends FileResult {
  readonly v: 1;
  readonly type: 'file';
}

/** Sent once, last: the report. */
export interface FolderReport {
  readonly v: 1;
  readonly type: 'folder-end';
  readonly input: string;
  readonly output: string;
  /** Files in each state. */
  readonly counts: Readonly<Record<FileState, number>>;
  /** Frames that this run has written. */
  readonly frames: number;
  readonly wallSeconds: number;
  readonly files: readonly FileResult[];
}

/** Any event of a folder's run; those of its sessions are among them. */
export type AnyFolderEvent = FolderEvent | FolderProgressEvent | FileEvent | FolderReport | SessionEvent;
