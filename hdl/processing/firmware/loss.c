/* Step 3 of docs/contract.md, section 13: cross-entropy and the mean squared error, in integers. */
#include "node.h"

#define UNROLLED _Pragma("clang loop unroll_count(2)")

static int output[MOST_CLASSES];

static void cross_entropy(int classes)
{
    unsigned inverse = 0x7fffffffu / SUM;
    UNROLLED
    for (int c = 0; c < classes; c++)
        GRADIENT[c] = ((unsigned)HEIGHT[c] * inverse + (1u << 18)) >> 19;
    GRADIENT[mail.target] -= TARGET_ONE;
}

static void mean_squared_error(int classes)
{
    int scale = SCALE, shift = SCALE_SHIFT, half = (1 << shift) >> 1, gain = mail.gain;
    const int *target = (const int *)mail.target + mail.age * mail.stride;
    for (int c = 0; c < classes; c++) {
        output[c] = saturate((LEVEL[c] * scale + half) >> shift);
        GRADIENT[c] = saturate((saturate(output[c] - target[c]) * gain + (1 << 13)) >> 14);
    }
}

void loss(int classes)
{
    if (mail.loss == CROSS_ENTROPY)
        cross_entropy(classes);
    else
        mean_squared_error(classes);
}

void vote(int classes)
{
    const int *of = mail.loss == CROSS_ENTROPY ? (const int *)HEARD : output;
    UNROLLED
    for (int c = 0; c < classes; c++)
        mail.votes[c] += of[c];
}
