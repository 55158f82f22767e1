/* What firmware sees of a processing node: docs/contract.md, section 13. */
#ifndef AXONLOOP_NODE_H
#define AXONLOOP_NODE_H

#define NODE_WORDS(region) ((volatile int *)(0x80000000u | (unsigned)(region) << 24))
#define LEVEL NODE_WORDS(0x10)
#define HEARD NODE_WORDS(0x11)
#define GRADIENT NODE_WORDS(0x12)
#define HEIGHT NODE_WORDS(0x14)
#define REGISTER(offset) (NODE_WORDS(0x00)[offset])
#define PHASE REGISTER(4)
#define COMMAND REGISTER(5)
#define CLASSES REGISTER(7)
#define SCALE REGISTER(10)
#define SCALE_SHIFT REGISTER(11)
#define SUM REGISTER(23)

enum { LISTENING, WORKING, WAITING };
enum { BEGIN = 1, DONE, TEACH };
enum { CROSS_ENTROPY, MSE };
enum { MOST_CLASSES = 256, MOST_LEVEL = 32767, TARGET_ONE = 4096, OLDEST = 65535 };

/* The host writes the first words, at byte address 16 of the program memory, and reads the others.
   `sample` is another number for each sample. A target is a class, or numbers: `target` is the byte
   address of the first tick's, and `stride` how many words lie between a tick's and the next. */
struct mailbox {
    unsigned sample, loss, gain, burn_in;
    int target;
    unsigned stride;
    unsigned age, clipped;
    int votes[MOST_CLASSES];
};
extern struct mailbox mail;

/* A loss: writes GRADIENT for `classes` outputs. */
void loss(int classes);
/* What a sample is answered by: moves mail.votes, while the engine works. */
void vote(int classes);

static inline int saturate(int value)
{
    int clipped = value > MOST_LEVEL ? MOST_LEVEL : value < -MOST_LEVEL ? -MOST_LEVEL : value;
    mail.clipped += clipped != value;
    return clipped;
}

#endif
