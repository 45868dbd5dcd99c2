# When do windows make a command? No hardware in here: the robot, the simulator and the tests run these very lines.
#
# A window is heard as its most probable label. Its label is a command when it leads in at least `votes` of the last
# `history` windows and the mean of its probability over those it leads is at least `threshold`. After a command nothing
# is heard for `cooldown` ms. With history 1 and votes 1, one window over the threshold is a command.
# Labels that begin with "_" (unknown, silence) are never commands. Integers only.
from array import array


class Decision:
    def __init__(self, labels, listening):
        # listening: a dict as tympan.Model.info()["listening"]
        self.labels = labels
        self.history = listening["history"]
        self.votes = listening["votes"]
        self.threshold = listening["threshold"]
        self.cooldown = -(-listening["cooldown"] // listening["hop"])  # in windows: time is counted in sound
        self._leader = array("h", [-1] * self.history)  # of each window, -1 where there is none
        self._level = array("H", [0] * self.history)  # its probability
        self._next = 0
        self._deaf = 0  # windows until one is heard again
        self.confidence = 0  # mean probability of the last command, of 65535

    def reset(self):
        self._deaf = 0
        self._forget()

    def _forget(self):
        for i in range(self.history):
            self._leader[i] = -1

    def update(self, label, probability):
        # label: the window's leader (-1: a window that was not run). Returns the label of a command, or -1.
        if self._deaf > 1:
            self._deaf -= 1
            return -1
        i = self._next
        self._leader[i] = label
        self._level[i] = probability
        self._next = (i + 1) % self.history
        if label < 0 or self.labels[label][0] == "_":
            return -1
        count = total = 0
        for k in range(self.history):
            if self._leader[k] == label:
                count += 1
                total += self._level[k]
        if count < self.votes or total < self.threshold * count:
            return -1
        self.confidence = total // count
        self._deaf = self.cooldown
        self._forget()
        return label
