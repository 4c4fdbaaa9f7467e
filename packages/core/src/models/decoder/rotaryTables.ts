import type { Expr } from "../../graph/index.js";
import { constant } from "../../graph/index.js";
import { tensor } from "../../tensor.js";
import type { DecoderConfig, RopeScaling } from "./config.js";

/** A frequency after scaling: Llama 3 divides those of long waves, keeps those of short ones, and mixes in between. */
const scaled = (frequency: number, scaling: RopeScaling | undefined): number => {
  if (scaling === undefined) return frequency;
  if (scaling.type === "linear") return frequency / scaling.factor;
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContextLength } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > originalContextLength / lowFrequencyFactor) return frequency / factor;
  if (wavelength < originalContextLength / highFrequencyFactor) return frequency;
  const share = (originalContextLength / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - share) * frequency) / factor + share * frequency;
};

/**
 * Angles in radians by which one position turns each pair of a head: theta^(-2 i / size), scaled as the model asks.
 *
 * (Su et al., RoFormer, 2021, https://arxiv.org/abs/2104.09864; scaling `llama3`: Llama 3.1's model card)
 */
export const rotaryFrequencies = ({ headSize, ropeTheta, ropeScaling }: DecoderConfig): readonly number[] => {
  const half = headSize / 2;
  return Array.from({ length: half }, (_, at) => scaled(ropeTheta ** (-at / half), ropeScaling));
};

/** Cosines and sines of the rotary embedding, [positions, size / 2]; ONNX Runtime wants a row a token at least. */
export const rotaryTables = (config: DecoderConfig, tokens: number): { readonly cos: Expr; readonly sin: Expr } => {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const rows = Math.max(config.contextLength, tokens);
  const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)];
  for (let at = 0; at < rows * half; at++) {
    const angle = Math.floor(at / half) * frequencies[at % half]!;
    cos[at] = Math.cos(angle);
    sin[at] = Math.sin(angle);
  }
  return {
    cos: constant(tensor("float32", [rows, half], cos), "rotary_cos"),
    sin: constant(tensor("float32", [rows, half], sin), "rotary_sin"),
  };
};
