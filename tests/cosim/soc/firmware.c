/* Loads a network, runs ticks in which it learns, and tells spikes and weights. */
#include "axonloop_bus.h"
#include "network.h" /* NETWORK, TICKS, INPUTS and ERROR, written by the test */

#define CORE 0

__asm__(".section .start, \"ax\"\n"
        ".global _start\n"
        "_start: la sp, stack_top\n"
        "        j main\n");

static void tell(uint32_t word)
{
    *(volatile uint32_t *)TOLD_ADDRESS = word;
}

/* Run a tick; each neuron that spikes is told, and gets an error event. */
static void tick(const uint32_t *axons)
{
    for (uint32_t axon = 0; axon < AXONLOOP_AXONS; axon++)
        if (axons[axon / 32] >> axon % 32 & 1)
            axonloop_send_word(AXONLOOP_HEADER(AXONLOOP_KIND_SPIKE, CORE, axon));
    axonloop_send_word(AXONLOOP_HEADER(AXONLOOP_KIND_TICK, CORE, 0));
    for (;;) {
        uint32_t word = axonloop_hear(), neuron = axonloop_argument(word);
        tell(word);
        if (axonloop_kind(word) != AXONLOOP_KIND_SPIKE)
            break; /* the tick is done, or a FAULT */
        axonloop_send_word(AXONLOOP_HEADER(AXONLOOP_KIND_ERROR, CORE, neuron << 8 | ERROR));
    }
    axonloop_send_word(AXONLOOP_HEADER(AXONLOOP_KIND_LEARN, CORE, 0));
}

static void tell_weights(void)
{
    axonloop_send_word(AXONLOOP_HEADER(AXONLOOP_KIND_READ, CORE, AXONLOOP_WORDS_WEIGHT));
    axonloop_send_word(AXONLOOP_ADDRESS(AXONLOOP_REGION_WEIGHT, 0));
    for (uint32_t left = 1 + AXONLOOP_WORDS_WEIGHT; left; left--)
        tell(axonloop_hear());
}

int main(void)
{
    if (*axonloop_register(AXONLOOP_BUS_MAGIC) == AXONLOOP_BUS_MAGIC_WORD) {
        axonloop_send(NETWORK, sizeof NETWORK / sizeof *NETWORK);
        for (uint32_t k = 0; k < TICKS; k++)
            tick(INPUTS[k]);
        tell_weights();
    }
    for (;;)
        ;
}
