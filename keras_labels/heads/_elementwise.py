"""What Keras wrote that leaves each value at its place: tables by class name."""

from __future__ import annotations

from typing import Any

from keras import layers

# Values may change, the place of each does not; several inputs are broadcast.
_OPERATIONS = """
    Abs Absolute Add Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh
    BatchNorm Cast Cbrt Ceil Celu Clip ConvertToTensor Copy Cos Cosh Cumprod Cumsum
    Deg2rad Divide DivideNoNan Elu Equal Erf Erfc Erfinv Exp Exp2 Expm1 Fabs Flip Floor
    FloorDivide Fmax Fmin Fmod Gelu Greater GreaterEqual HardShrink HardSigmoid HardSilu
    HardTanh Heaviside Hypot I0 Isclose Isfinite Isinf Isnan LayerNorm LeakyRelu Less
    LessEqual Log Log10 Log1p Log2 LogSigmoid LogSoftmax Logaddexp Logaddexp2 LogicalAnd
    LogicalNot LogicalOr LogicalXor Maximum Minimum Mod Multiply NanToNum Negative
    Normalize NotEqual OnesLike Power RMSNorm Rad2deg Reciprocal Relu Relu6 Roll Round
    Rsqrt SaturateCast Selu Sigmoid Sign Silu Sin Sinc Sinh SoftShrink Softmax Softplus
    Softsign Sort SparsePlus SparseSigmoid Sparsemax Sqrt Square Squareplus StopGradient
    Subtract Tan Tanh TanhShrink Threshold TrueDivide Trunc Where ZerosLike
"""
_LAYERS = (
    *(layers.Activation, layers.ActivityRegularization, layers.AlphaDropout),
    *(layers.BatchNormalization, layers.Dropout, layers.ELU, layers.GaussianDropout),
    *(layers.GaussianNoise, layers.GroupNormalization, layers.Identity),
    *(layers.LayerNormalization, layers.LeakyReLU, layers.Masking, layers.PReLU),
    *(layers.Normalization, layers.ReLU, layers.Rescaling, layers.Softmax),
    *(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
    *(layers.UnitNormalization, layers.Add, layers.Average, layers.Maximum),
    *(layers.Minimum, layers.Multiply, layers.Subtract),
    layers.RMSNormalization,
)


def is_elementwise(operation: Any) -> bool:
    """Whether a layer or operation of Keras leaves each value at its place."""
    if isinstance(operation, layers.Layer):
        return isinstance(operation, _LAYERS)
    return type(operation).__name__ in _OPERATIONS.split()
