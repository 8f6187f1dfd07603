// @ts-check
/** Numbers, sizes and times as a person reads them, written as they are where that person lives. */

import { locale, phrase } from "./texts.js";

const SPACE = "\u00a0"; // at which no line breaks
const ago = new Intl.RelativeTimeFormat(locale);
const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
/** @type {Intl.NumberFormat[]} by digits behind the point: to make one takes longer than to use it */
const formats = [];

/** @param {number} value @param {number} digits behind the point */
export function decimal(value, digits) {
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return (formats[digits] ??= new Intl.NumberFormat(locale, form)).format(value);
}

/** @param {number} value @param {number} digits that count, wherever the point stands */
export const precise = (value, digits) => new Intl.NumberFormat(locale, { maximumSignificantDigits: digits }).format(value);

/** @param {number} value */
export const count = (value) => decimal(value, 0);

/** @param {number} value where there is little room: 6.9K */
export const shortCount = (value) => compact.format(value);

/** @param {number | null | undefined} share @param {number} [digits] 0.9931 as 99.31 % */
export const percent = (share, digits = 2) =>
  isNumber(share) ? `${decimal(share * 100, digits)}${SPACE}%` : "–";

/** @param {number | null | undefined} value milliseconds, with as many digits as they deserve */
export function milliseconds(value) {
  if (!isNumber(value)) return "–";
  if (value === 0) return "0 ms";
  if (value >= 1000) return `${decimal(value / 1000, 1)}${SPACE}s`;
  return `${decimal(value, value >= 100 ? 0 : value >= 10 ? 1 : 2)}${SPACE}ms`;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (!isNumber(value)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [size, unit] = [value, 0];
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${decimal(size, unit === 0 || size >= 100 ? 0 : 1)}${SPACE}${units[unit]}`;
}

/** @param {number | null | undefined} value seconds, as the two largest units */
export function duration(value) {
  if (!isNumber(value)) return "–";
  const seconds = Math.max(0, Math.round(value));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** @param {string | undefined} time an ISO time @param {number} [now] milliseconds since the epoch */
export function age(time, now = Date.now()) {
  const seconds = (now - Date.parse(time ?? "")) / 1000;
  if (!isNumber(seconds)) return "–";
  if (seconds < 60) return phrase("age.now");
  if (seconds < 3600) return ago.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return ago.format(-Math.floor(seconds / 3600), "hour");
  return ago.format(-Math.floor(seconds / 86_400), "day");
}

/** @param {string | undefined} time an ISO time, in the reader's own zone */
export function moment(time) {
  const date = new Date(time ?? "");
  return isNumber(date.getTime()) ? date.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" }) : "–";
}

/** @param {unknown} value @returns {value is number} */
export function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}
